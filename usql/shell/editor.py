"""The line that is typed into: prompt-toolkit put together from the parts around it.

What arrives: a session. What leaves: ``Editor.ask() -> text``, or ``EOFError`` and
``KeyboardInterrupt`` as Ctrl-D and Ctrl-C mean them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from threading import Thread
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.buffer import CompletionState
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input.typeahead import get_typeahead, store_typeahead
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout.processors import (
    HighlightMatchingBracketProcessor,
    Processor,
    Transformation,
    TransformationInput,
)
from prompt_toolkit.layout.utils import explode_text_fragments
from prompt_toolkit.lexers import Lexer
from prompt_toolkit.output import ColorDepth

from usql.render.amounts import counted
from usql.shell.history import history_of
from usql.shell.keys import bindings
from usql.shell.suggestions import suggest
from usql.shell.theme import STYLE
from usql.shell.words import pieces

if TYPE_CHECKING:
    from collections.abc import Callable

    from prompt_toolkit.application import Application

    from usql.shell.session import Session

PROMPT = "usql> "
_CONTINUED = "  ... "
_MENU_LINES = 8
_OWN_LINES = 4
_KEPT_PARTS = 3


class Editor:
    """Asks for one text after another."""

    def __init__(self, session: Session) -> None:
        self._session = session
        config = session.config
        if config["editor"]:
            os.environ["VISUAL"] = config["editor"]
        self._history = history_of(session)
        self._prompt: PromptSession[str] = PromptSession(
            message=[("class:usql.prompt", PROMPT)],
            multiline=True,
            prompt_continuation=_continuation,
            lexer=_Words(),
            completer=_Suggestions(session),
            complete_in_thread=True,
            complete_while_typing=config["completion"],
            history=self._history,
            auto_suggest=AutoSuggestFromHistory(),
            enable_history_search=False,
            enable_open_in_editor=True,
            tempfile_suffix=".usql",
            editing_mode=EditingMode.VI if config["keys"] == "vi" else EditingMode.EMACS,
            mouse_support=config["mouse"],
            input_processors=[HighlightMatchingBracketProcessor(), _LastError(session)],
            bottom_toolbar=lambda: _bottom(session),
            key_bindings=bindings(),
            style=STYLE,
            include_default_pygments_style=False,
            color_depth=None if session.screen.color else ColorDepth.DEPTH_1_BIT,
        )

    def ask(self) -> str:
        """Return the next text.

        Raises:
            EOFError: Ctrl-D on an empty line.
            KeyboardInterrupt: Ctrl-C.
        """
        room = (self._session.screen.height - _OWN_LINES) // 2
        text = self._prompt.prompt(reserve_space_for_menu=min(_MENU_LINES, max(0, room)))
        self._heed_typed_ahead()
        return text

    def _heed_typed_ahead(self) -> None:
        """Raise ``KeyboardInterrupt`` if Ctrl-C was typed behind Enter, before the prompt ended.

        It is meant for what was entered, and would else wait for the next prompt.
        """
        keys = get_typeahead(self._prompt.input)
        if any(press.key is Keys.ControlC for press in keys):
            self._session.screen.note("cancelled")
            raise KeyboardInterrupt
        store_typeahead(self._prompt.input, keys)

    def earlier(self) -> list[str]:
        """Return what was typed in earlier sessions, the oldest first."""
        return list(self._history.load_history_strings())[::-1]

    def once_drawn(self, do: Callable[[], None]) -> None:
        """Call something in a thread of its own, as soon as the first prompt is on the screen."""
        thread = Thread(target=do, daemon=True)

        def begin(app: Application[str]) -> None:
            if thread.ident is None:
                thread.start()

        self._prompt.app.after_render += begin

    def redraw(self) -> None:
        """Show the line at the bottom again; may be called from any thread."""
        self._prompt.app.invalidate()

    @property
    def text(self) -> str:
        """What stands in the line."""
        return self._prompt.default_buffer.text


def _continuation(width: int, line: int, wrapped: int) -> StyleAndTextTuples:
    return [("class:usql.prompt", _CONTINUED if not wrapped else " " * width)]


class _Words(Lexer):
    """Colours by the language's own words."""

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """Return what gives each line in pieces."""
        lines: list[StyleAndTextTuples] = [[]]
        for style, piece in pieces(document.text):
            first, *others = piece.split("\n")
            lines[-1].append((style, first))
            lines += [[(style, other)] for other in others]
        return lambda number: lines[number] if number < len(lines) else []


class _Suggestions(Completer):
    """What may stand at the cursor; prompt-toolkit asks from a thread of its own."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._paths = PathCompleter(expanduser=True)

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """Yield completions."""
        file = _file_argument(document.text_before_cursor)
        if file is not None:
            yield from self._paths.get_completions(Document(file), complete_event)
            return
        cursor = document.cursor_position
        for found in suggest(self._session, document.text, cursor):
            yield Placed(
                found.text,
                start_position=found.start - cursor,
                display=found.label,
                display_meta=found.about,
            ).at(found.cursor - found.start - len(found.text), max(found.end - cursor, 0))


class Placed(Completion):
    """A completion that says where the cursor comes to stand, and replaces what is behind it."""

    moved = 0
    over = 0

    def at(self, moved: int, over: int) -> Placed:
        """Set how far the cursor moves from the end, and how much behind it is replaced."""
        self.moved, self.over = moved, over
        return self


def _placed(state: CompletionState) -> tuple[str, int]:
    """Return text and cursor with the picked completion put in."""
    if state.complete_index is None:
        return state.original_document.text, state.original_document.cursor_position
    picked = state.completions[state.complete_index]
    before = state.original_document.text_before_cursor
    before = before[: len(before) + picked.start_position]
    after = state.original_document.text_after_cursor[getattr(picked, "over", 0) :]
    cursor = len(before) + len(picked.text) + getattr(picked, "moved", 0)
    return before + picked.text + after, cursor


# prompt-toolkit puts the cursor behind a completion and keeps what followed; functions want it
# between their brackets, at once, so that typing goes on there.
CompletionState.new_text_and_position = _placed  # type: ignore[assignment,method-assign]


def _file_argument(text: str) -> str | None:
    """Return the beginning of a file's name that a command waits for.

    >>> _file_argument(".read repo"), _file_argument(".mode c")
    ('repo', None)
    """
    from usql.shell.commands.names import MARKS, known_as
    from usql.shell.commands.registry import BY_NAME

    if text[:1] not in MARKS or " " not in text:
        return None
    name, _, argument = text[1:].partition(" ")
    command = BY_NAME.get(known_as(name))
    if command is None or command.completes != "file":
        return None
    return argument.rpartition(" ")[2]


class _LastError(Processor):
    """Marks the place of the last error, while the text is still the one that was wrong."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        """Return the line with the wrong part marked."""
        fragments = transformation_input.fragments
        span = self._span(transformation_input.document.text)
        if span is None:
            return Transformation(fragments)
        document = transformation_input.document
        start = document.translate_row_col_to_index(transformation_input.lineno, 0)
        exploded = explode_text_fragments(fragments)
        for index in range(max(span[0] - start, 0), min(span[1] - start, len(exploded))):
            style, piece, *_ = exploded[index]
            exploded[index] = (f"{style} class:usql.wrong", piece)
        return Transformation(exploded)

    def _span(self, text: str) -> tuple[int, int] | None:
        error = self._session.error
        if error is None or error.span is None or error.source is None:
            return None
        wrong = error.source.text
        at = text.find(wrong)
        if at < 0 or text.strip().rstrip(";").strip() != wrong.strip():
            return None
        return at + error.span.start, at + max(error.span.end, error.span.start + 1)


def _bottom(session: Session) -> StyleAndTextTuples:
    """Return the line at the bottom, with what there is room for."""
    settings, result = session.settings, session.result
    parts = [
        session.store,
        _vi_mode(),
        settings.timeframe or "all data",
        settings.zone_name,
        "" if session.sessions is None else counted(session.sessions, "session"),
        "" if result is None else counted(len(result), "row"),
    ]
    room = get_app().output.get_size().columns - 2
    shown = _fitting([part for part in parts if part], room)
    return [("class:usql.bottom", f" {shown} ")]


def _vi_mode() -> str:
    """Return the mode of the vi keys, which decides what letters mean; empty for other keys."""
    app = get_app()
    if app.editing_mode is not EditingMode.VI:
        return ""
    return app.vi_state.input_mode.value.removeprefix("vi-").replace("navigation", "normal")


def _fitting(parts: list[str], room: int) -> str:
    """Return parts joined, the first one cut from the left if need be.

    >>> _fitting(["/long/way/to/demo.db", "UTC"], 16)
    '…o/demo.db │ UTC'
    """
    between = " │ "
    least = min(10, len(parts[0]))
    while len(parts) > _KEPT_PARTS and least + len(between.join(["", *parts[1:]])) > room:
        parts = [*parts[:-2], parts[-1]]
    rest = sum(map(len, parts[1:])) + len(between) * (len(parts) - 1)
    left = max(room - rest, least)
    first = parts[0] if len(parts[0]) <= left else "…" + parts[0][-(left - 1) :]
    return between.join([first, *parts[1:]])
