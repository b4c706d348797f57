"""Collection is put off while a query is compiled, and goes on however that ends."""

from __future__ import annotations

import gc

import pytest

import usql
from usql.garbage import collected_later


def test_collection_is_off_within_and_on_again_afterwards() -> None:
    with collected_later():
        assert not gc.isenabled()
        with collected_later():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_collection_goes_on_after_an_error() -> None:
    with usql.connect() as db, pytest.raises(usql.UsqlError):
        db.query("SELECT nothing FROM usersession")
    assert gc.isenabled()


def test_what_the_caller_switched_off_stays_off() -> None:
    gc.disable()
    try:
        with collected_later():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
