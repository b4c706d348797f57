"""A visit, action by action: what visitors do, how it goes, and what is recorded of it."""

from __future__ import annotations

from usql.demo import choices, devices, shop
from usql.demo.chance import MEDIUM, WIDE, Dice
from usql.demo.clock import DAY, EVENING, HOUR, SERVER_LOAD, server_hour
from usql.demo.people import Client, app_version, new_connection
from usql.demo.record import Record, pack, property_lists
from usql.demo.shop import StepKey
from usql.demo.timing import Failures, Timing, web_timing

_NO_FAILURES = Failures(0, 0, 0)
_MOOD_AFTER = {"SATISFIED": 1.0, "TOLERATING": 0.93, "FRUSTRATED": 0.72, "UNKNOWN": 1.0}
_LONGEST_VISIT = 6 * HOUR
_MOST_ACTIONS = 200


class Visit:
    """A visit under way: the clock, what has been recorded, and what the visitor has in mind."""

    def __init__(self, dice: Dice, client: Client, start: int) -> None:
        self.dice = dice
        self.client = client
        self.app = client.app
        self.steps = shop.STEPS[client.app.key]
        self.start = start
        self.clock = start
        self.end = start
        self.pause = 14_000
        self.is_first = True
        self.user_id: str | None = None
        self.facts: dict[str, str | int | float] = {**client.person.facts}
        self.connection = new_connection(dice, client)
        self.app_version = app_version(client, start)
        self.actions: list[Record] = []
        self.events: list[Record] = []
        self.errors: list[Record] = []
        self.synthetic_events: list[Record] = []
        self.monitor_step: shop.MonitorStep | None = None
        self.goals: list[str] = []
        self.rages = 0
        self.crash: str | None = None
        self.end_reason = "TIMEOUT"
        self.over = False
        self.mood = 1.0
        self.robot: devices.Robot | None = None
        self.trip = ""
        self.destination = choices.DESTINATIONS.items[0]
        self.page: str | None = None
        self.page_group: str | None = None

    def act(self, key: StepKey) -> bool:
        """Do one action; return whether it worked (a step the application lacks always does)."""
        step = self.steps.get(key)
        if step is None:
            return True
        if self.over or self._is_cut():
            return False
        self._decide(key)
        self._turn_to(step)
        timing = self._measure(step)
        self.crash = self._crash_at(key)
        failures = _NO_FAILURES if self.crash else self._fail(step)
        apdex = self._apdex(step, timing.duration, failures)
        self._record_action(step, timing, failures, apdex)
        self._record_errors(step, timing.duration, failures)
        self._react(step, timing.duration, apdex)
        self.end = self.clock + timing.duration
        self.clock = self.end + self._think()
        return not (self.over or failures.requests)

    def try_to(self, key: StepKey, again: float) -> bool:
        """Do one action, and again, at most twice, where it fails and the visitor has patience."""
        for _ in range(3):
            if self.act(key):
                return True
            if self.over or not self.dice.chance(again):
                break
        return False

    def reach(self, stage: shop.Stage, factor: float = 1.0) -> bool:
        """Go on to a stage and look around there; return whether the visitor got there."""
        if not self.dice.chance(min(0.97, stage.go_on * factor * self.mood)):
            return False
        if not all(self.try_to(key, 0.7) for key in stage.steps):
            return False
        self.wander(stage)
        return not self.over

    def wander(self, stage: shop.Stage) -> None:
        """Do what the stage offers besides, as long as the visitor likes to."""
        more = stage.mean_asides / (1 + stage.mean_asides)
        while self.dice.chance(more) and self.dice.chance(self.mood) and not self.over:
            self.act(self.dice.pick(stage.asides))

    def identify(self) -> None:
        """Note who the visitor is, if they have an account."""
        if self.client.person.user_id and self.user_id is None:
            self.user_id = self.client.person.user_id
            self._event("UserTag", self.user_id, self.end)

    def record_crash(self, name: str, time: int) -> None:
        """Note a crash, which ends the visit."""
        self.crash = name
        self.over = True
        self._event("Crash", name, time)
        self._error("Crash", name, time)

    def finish(self, reason: str) -> None:
        """End the visit for a reason, unless it is over already."""
        if not self.over:
            self.over = True
            self.end_reason = reason

    def _is_cut(self) -> bool:
        if len(self.actions) >= _MOST_ACTIONS:
            self.finish("USER_ACTION_LIMIT")
        elif self.clock - self.start >= _LONGEST_VISIT:
            self.finish("DURATION_LIMIT")
        return self.over

    def _think(self) -> int:
        pause = int(self.pause * self.dice.spread(WIDE)) + 250
        return min(pause, self.app.longest_pause)

    def _decide(self, key: StepKey) -> None:
        """Let the visitor choose what the step needs."""
        match key:
            case "search":
                self.destination = self.dice.pick(choices.DESTINATIONS)
                self.facts["destination"] = self.destination.name
                self._choose_departure()
            case "dates":
                self._choose_departure()
            case "select" | "landing":
                if key == "landing":
                    self.destination = self.dice.pick(choices.DESTINATIONS)
                self.facts["destination"] = self.destination.name
                self.trip = f"{self.destination.slug}-{1000 + self.dice.below(400)}"
            case "details":
                self._fill_basket()
            case "payment":
                self.facts["payment method"] = self.dice.pick(choices.PAYMENT_METHODS)

    def _choose_departure(self) -> None:
        days = 2 + int(45 * self.dice.spread(WIDE))
        self.facts["departure"] = self.clock // DAY * DAY + days * DAY

    def _fill_basket(self) -> None:
        travellers = self.dice.pick(choices.TRAVELLERS)
        rate = choices.EURO_RATES[self.client.person.city.country.currency]
        cents = self.destination.price * travellers * rate * self.dice.spread(MEDIUM) * 100
        self.facts["basketItems"] = travellers
        self.facts["basketValue"] = int(cents) / 100

    def _turn_to(self, step: shop.Step) -> None:
        """Note the change of page, on the web, if the step is on another one."""
        if not self.app.is_web or step.page is None:
            return
        page, group = step.page.replace("{trip}", self.trip), step.page.replace("{trip}", "*")
        if page == self.page:
            return
        self._event(
            "PageChange", group, self.clock, page=page, pageGroup=group,
            pageReferrer=self.page, pageReferrerGroup=self.page_group,
        )  # fmt: skip
        self.page, self.page_group = page, group

    def _is_evening(self) -> bool:
        return server_hour(self.clock) in EVENING

    def _measure(self, step: shop.Step) -> Timing:
        spread = self.dice.spread
        network = step.network * self.client.person.city.country.network_factor
        if self.connection.is_cellular:
            network *= 1.6
        server = step.server * SERVER_LOAD[server_hour(self.clock)]
        if step.key == "payment" and self._is_evening():
            server *= 3.2
        frontend = step.frontend * self.client.device.pace * self.client.pace
        request_start = int(network * 0.4 * spread(MEDIUM)) + 1
        response_start = request_start + int(server * spread(MEDIUM)) + 1
        response_end = response_start + int(network * 0.6 * spread(MEDIUM)) + 1
        duration = response_end + int(frontend * spread(MEDIUM)) + 8
        return Timing(request_start, response_start, response_end, duration)

    def _crash_at(self, key: StepKey) -> str | None:
        if not self.app.is_mobile:
            return None
        if self.app is shop.ANDROID and self.app_version == devices.BAD_VERSION:
            rate, name = devices.BAD_STEPS.get(key, 0.004), devices.BAD_CRASH
        else:
            rate, name = 0.0007, ""
        if not self.dice.chance(rate):
            return None
        return name or self.dice.pick(devices.CRASHES[self.client.device.os_family])

    def _fail(self, step: shop.Step) -> Failures:
        dice = self.dice
        rate = step.failure_rate
        if step.key == "payment" and self._is_evening():
            rate *= 2.5
        if self.connection.type == "OFFLINE":
            rate = 0.4
        requests = 1 + dice.below(2) if dice.chance(rate) else 0
        scripts = reported = 0
        if self.app.is_web:
            if dice.chance(0.05 if self._has_old_browser() else 0.015):
                scripts = 1 + (dice.below(3) if dice.chance(0.2) else 0)
        elif dice.chance(0.007):
            reported = 1
        return Failures(requests, scripts, reported)

    def _has_old_browser(self) -> bool:
        browser = self.client.browser
        return browser is not None and browser.family == "Safari" and browser.first_version < 20

    def _apdex(self, step: shop.Step, duration: int, failures: Failures) -> str:
        if self.crash:
            return "UNKNOWN"
        if failures.requests or failures.scripts or duration > 4 * step.threshold:
            return "FRUSTRATED"
        return "TOLERATING" if duration > step.threshold else "SATISFIED"

    def _record_action(
        self, step: shop.Step, timing: Timing, failures: Failures, apdex: str
    ) -> None:
        properties = property_lists(self.facts, step.carries)
        goals = [step.goal] if step.goal and not (failures.requests or self.crash) else None
        if goals and goals[0] not in self.goals:
            self.goals += goals
        action = {
            "apdexCategory": apdex,
            "application": self.app.name,
            "customErrorCount": failures.reported,
            "duration": timing.duration,
            "endTime": self.clock + timing.duration,
            "internalApplicationId": self.app.id,
            "internalKeyUserActionId": step.key_action_id,
            "javascriptErrorCount": failures.scripts,
            "keyUserAction": step.key_action_id is not None,
            "matchingConversionGoals": goals,
            "name": step.name,
            "requestErrorCount": failures.requests,
            "startTime": self.clock,
            "type": step.type,
            "userActionPropertyCount": sum(map(len, properties.values())),
            **properties,
        }
        if self.app.is_web:
            action |= self._whereabouts(step)
            action |= web_timing(self.dice, self.client, step, self.clock, timing)
        elif self.app.is_mobile:
            action["hasCrash"] = self.crash is not None
        self.actions.append(pack(action))

    def _whereabouts(self, step: shop.Step) -> Record:
        """Return which page the action is on, and which step of a monitor."""
        fields: Record = {"domain": self._host(), "targetUrl": self._url(step)}
        if self.monitor_step:
            fields["syntheticEvent"] = self.monitor_step.name
            fields["syntheticEventId"] = self.monitor_step.id
        return fields

    def _host(self) -> str:
        is_secure = self.page is not None and self.page.startswith("/checkout")
        return shop.SECURE_HOST if is_secure else shop.HOST

    def _url(self, step: shop.Step) -> str:
        url = f"https://{self._host()}{self.page or '/'}"
        return f"{url}?to={self.destination.slug}" if step.key == "search" else url

    def _record_errors(self, step: shop.Step, duration: int, failures: Failures) -> None:
        pick = self.dice.pick
        if self.crash:
            self.record_crash(self.crash, self.clock + duration)
        for _ in range(failures.requests):
            name = f"{pick(choices.REQUEST_ERRORS)}: {step.api}"
            self._error("Error", name, self._moment_within(duration))
        for _ in range(failures.scripts):
            name = pick(choices.SCRIPT_ERRORS)
            if self._has_old_browser() and self.dice.chance(0.75):
                name = choices.OLD_BROWSER_ERROR
            self._error("Error", name, self._moment_within(duration))
        for _ in range(failures.reported):
            self._error("Error", pick(choices.REPORTED_ERRORS), self._moment_within(duration))

    def _react(self, step: shop.Step, duration: int, apdex: str) -> None:
        """Let the visitor lose patience, click in rage, or turn away for a while."""
        self.mood = min(1.0, self.mood * _MOOD_AFTER[apdex] + 0.01)
        if self.client.user_type != "REAL_USER":
            return
        if apdex == "FRUSTRATED" and self.app is not shop.DESK and self.dice.chance(0.15):
            self.rages += 1
            kind = "RageTap" if self.app.is_mobile else "RageClick"
            self._event(kind, step.name, self._moment_within(duration))
        elif self.dice.chance(0.03):
            name = "Left the tab" if self.app.is_web else "Sent to the background"
            self._event("Behavioral", name, self.clock + duration)

    def _moment_within(self, duration: int) -> int:
        return self.clock + self.dice.below(duration + 1)

    def _event(self, kind: str, name: str, time: int, **more: str | None) -> None:
        if kind != "PageChange" and self.page:
            more = {"page": self.page, "pageGroup": self.page_group}
        self.events.append(self._happening(kind, name, time, **more))

    def _error(self, kind: str, name: str, time: int) -> None:
        self.errors.append(self._happening(kind, name, time))

    def _happening(self, kind: str, name: str, time: int, **more: str | None) -> Record:
        record: Record = {
            "application": self.app.name,
            "domain": self._host() if self.app.is_web else None,
            "internalApplicationId": self.app.id,
            "name": name,
            "startTime": time,
            "type": kind,
            **more,
        }
        return pack(record)
