"""Attacks on the text: random texts that look like queries, and what must hold for every one."""
