"""The record of a session: a visit that is over, in the fields of the export format."""

from __future__ import annotations

from bisect import bisect

from usql.demo import choices, devices, shop
from usql.demo.clock import DAY, HOUR, PERIOD_START
from usql.demo.record import Record, pack, property_lists
from usql.demo.visit import Visit


def session_record(visit: Visit, session_id: str) -> Record:
    """Return a visit as a session of the export format."""
    client, person = visit.client, visit.client.person
    city = person.city
    is_located = not visit.dice.chance(0.02)
    visit.errors.sort(key=_start_time)
    return pack(
        {
            "appVersion": visit.app_version,
            "applicationType": visit.app.type,
            "bounce": len(visit.actions) <= 1,
            "city": city.name if is_located else None,
            "continent": city.country.continent,
            "country": city.country.name,
            "crashGroupId": devices.CRASH_GROUPS[visit.crash] if visit.crash else None,
            "duration": visit.end - visit.start,
            "endReason": visit.end_reason,
            "endTime": visit.end,
            "errors": visit.errors,
            "events": visit.events,
            "hasCrash": visit.crash is not None,
            "hasError": bool(visit.errors),
            "internalUserId": client.internal_id,
            "ip": visit.connection.ip,
            "isp": visit.connection.isp,
            "matchingConversionGoals": visit.goals,
            "matchingConversionGoalsCount": len(visit.goals),
            "newUser": client.is_new and visit.is_first,
            "region": city.region if is_located else None,
            "startTime": visit.start,
            "tenantId": shop.TENANT,
            "totalErrorCount": len(visit.errors),
            "totalLicenseCreditCount": 1 if client.user_type == "REAL_USER" else 0,
            "userActionCount": len(visit.actions),
            "userActions": visit.actions,
            "userExperienceScore": _experience(visit),
            "userId": visit.user_id,
            "userSessionId": session_id,
            "userType": client.user_type,
            **property_lists(visit.facts, choices.SESSION_PROPERTIES),
            **_device_fields(visit),
            **(_web_fields(visit) if visit.app.is_web else {}),
            **(_mobile_fields(visit) if visit.app.is_mobile else {}),
            **_replay_fields(visit),
        }
    )


def _start_time(record: Record) -> int:
    return int(record["startTime"])


def _experience(visit: Visit) -> str:
    """Return the score, by the weights that the export format gives."""
    satisfied = sum(action["apdexCategory"] == "SATISFIED" for action in visit.actions)
    slow = sum(action["apdexCategory"] == "FRUSTRATED" for action in visit.actions)
    rated = sum(action["apdexCategory"] != "UNKNOWN" for action in visit.actions)
    trouble = len(visit.errors) + 2 * visit.rages + (5000 if visit.crash else 0)
    total = 3 * rated + trouble
    frustrated = 3 * slow + trouble
    if total == 0:
        return "UNDEFINED"
    if frustrated * 10 > total * 3:
        return "FRUSTRATED"
    return "SATISFIED" if frustrated == 0 and 6 * satisfied >= total else "TOLERATED"


def _device_fields(visit: Visit) -> Record:
    client = visit.client
    device, screen = client.device, client.screen
    width, height = screen.width, screen.height
    if device.kind != "Desktop" and visit.dice.chance(0.07):
        width, height = height, width
    return {
        "device": device.name,
        "displayResolution": screen.resolution,
        "manufacturer": device.manufacturer,
        "osFamily": device.os_family,
        "osVersion": client.os_version,
        "screenHeight": height,
        "screenOrientation": "LANDSCAPE" if width > height else "PORTRAIT",
        "screenWidth": width,
    }


def _web_fields(visit: Visit) -> Record:
    client, dice = visit.client, visit.dice
    if client.user_type == "SYNTHETIC":
        return {
            "browserFamily": devices.MONITOR_BROWSER.family,
            "browserMajorVersion": devices.MONITOR_BROWSER.family,
            "browserMonitorId": shop.MONITOR_ID,
            "browserMonitorName": shop.MONITOR_NAME,
            "browserType": "Synthetic Agent",
            "clientType": "Synthetic Agent",
            "syntheticEvents": visit.synthetic_events,
        }
    if visit.robot or not client.browser:
        family = visit.robot.family if visit.robot else None
        return {
            "browserFamily": family,
            "browserMajorVersion": family,
            "browserType": "Robot",
            "clientType": "Robot",
            "numberOfRageClicks": 0,
        }
    kind = "Desktop Browser" if client.device.kind == "Desktop" else "Mobile Browser"
    if client.device.kind == "Tablet":
        kind = "Tablet Browser"
    day = (visit.start - PERIOD_START - client.update_lag) // DAY
    version = client.browser.first_version + bisect(client.browser.release_days, day)
    skew = dice.below(2400) - 1200
    return {
        "browserFamily": client.browser.family,
        "browserMajorVersion": f"{client.browser.family} {version}",
        "browserType": kind,
        "clientTimeOffset": skew - HOUR if dice.chance(0.02) else skew,
        "clientType": kind,
        "numberOfRageClicks": visit.rages,
    }


def _mobile_fields(visit: Visit) -> Record:
    return {
        "carrier": visit.client.person.carrier if visit.client.device.kind == "Phone" else None,
        "connectionType": visit.connection.type,
        "networkTechnology": visit.connection.technology,
        "numberOfRageTaps": visit.rages,
        "rootedOrJailbroken": visit.client.is_rooted,
    }


def _replay_fields(visit: Visit) -> Record:
    dice = visit.dice
    if visit.client.user_type == "ROBOT":
        return {"hasSessionReplay": False, "reasonForNoSessionReplay": "ROBOT_DETECTED"}
    if visit.client.user_type == "SYNTHETIC":
        return {"hasSessionReplay": False, "reasonForNoSessionReplay": "MODULE_DISABLED"}
    if visit.app is shop.DESK:
        return {"hasSessionReplay": False, "connectionType": visit.connection.type}
    if visit.app.is_mobile:
        if visit.crash:
            return _replay(visit)
        reason = dice.pick(choices.MOBILE_REPLAY_GAPS)
        return {"hasSessionReplay": False, "reasonForNoSessionReplayMobile": reason}
    if len(visit.actions) > 1 and dice.chance(0.3):
        return _replay(visit)
    reason = dice.pick(choices.WEB_REPLAY_GAPS)
    return {"hasSessionReplay": False, "reasonForNoSessionReplay": reason}


def _replay(visit: Visit) -> Record:
    begin = min(visit.start + 150 + visit.dice.below(400), visit.end)
    return {"hasSessionReplay": True, "replayEnd": visit.end, "replayStart": begin}
