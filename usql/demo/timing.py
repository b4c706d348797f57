"""How long an action takes: its parts, and what a browser measures of them."""

from __future__ import annotations

from typing import NamedTuple

from usql.demo import shop
from usql.demo.chance import WIDE, Dice
from usql.demo.people import Client
from usql.demo.record import Record


class Timing(NamedTuple):
    """Parts of an action: the three moments and the duration count in ms from its start."""

    request_start: int
    response_start: int
    response_end: int
    duration: int


class Failures(NamedTuple):
    """Errors of an action, by kind."""

    requests: int
    scripts: int
    reported: int


def web_timing(dice: Dice, client: Client, step: shop.Step, start: int, timing: Timing) -> Record:
    """Return what a browser measures of an action that starts at a time."""
    frontend = timing.duration - timing.response_end
    first_party = 1 + dice.below(9)
    cdn, third_party = dice.below(7), dice.below(5)
    fields = {
        "cdnBusyTime": int(frontend * dice.random()) if cdn else None,
        "cdnResources": cdn,
        "firstPartyBusyTime": int(timing.duration * (0.4 + 0.6 * dice.random())),
        "firstPartyResources": first_party,
        "frontendTime": frontend,
        "navigationStart": start,
        "networkTime": timing.request_start + timing.response_end - timing.response_start,
        "requestStart": timing.request_start,
        "responseEnd": timing.response_end,
        "responseStart": timing.response_start,
        "serverTime": timing.response_start - timing.request_start,
        "thirdPartyBusyTime": int(frontend * dice.random()) if third_party else None,
        "thirdPartyResources": third_party,
    }
    if step.type == "Load":
        return fields | _paint(dice, client, timing.response_end, frontend)
    return fields


def _paint(dice: Dice, client: Client, response_end: int, frontend: int) -> Record:
    """Return when the page was built and seen, each moment after the one it needs."""
    random = dice.random
    interactive = response_end + int(frontend * (0.25 + 0.2 * random()))
    loaded = interactive + int(frontend * 0.15 * random())
    complete = loaded + int(frontend * (0.1 + 0.2 * random()))
    visible = response_end + int(frontend * (0.6 + 0.4 * random()))
    moments: Record = {
        "documentInteractiveTime": interactive,
        "domCompleteTime": complete,
        "domContentLoadedTime": loaded,
        "loadEventEnd": complete + int(frontend * 0.05 * random()) + 1,
        "loadEventStart": complete,
        "speedIndex": response_end + int((visible - response_end) * (0.5 + 0.4 * random())),
        "visuallyCompleteTime": visible,
    }
    browser = client.browser
    if browser and browser.has_web_vitals:
        seen = response_end + int((visible - response_end) * (0.5 + 0.5 * random()))
        moments["largestContentfulPaint"] = seen
        if client.user_type == "REAL_USER" and dice.chance(0.7):
            moments["firstInputDelay"] = int(7 * client.device.pace * dice.spread(WIDE))
    if browser and browser.has_layout_shift:
        shift = 0.03 * client.device.pace * dice.spread(WIDE)
        moments["cumulativeLayoutShift"] = int(shift * 10_000) / 10_000
    return moments
