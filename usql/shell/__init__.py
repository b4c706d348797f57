"""The shell that analysts live in: ``run(store, given)`` from the first prompt to the last.

What arrives: the name of a store, and what the command line said. What leaves: an exit code. The
shell decides nothing about the language: it asks the library and shows what comes back.

Only this package imports prompt-toolkit, and only ``app``, ``editor`` and what they use do so;
the rest also serves input that is no terminal.
"""
