"""Queries with their answers, and bad queries with their errors, in files that people can read.

`README.md` beside this file describes the format and the data. `python -m tests.cases --update`
rewrites the sections that follow from the code (stations, drawings of errors), never a row.
"""
