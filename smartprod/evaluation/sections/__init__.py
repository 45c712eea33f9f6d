"""The sections of the report: each a frozen dataclass, the function that fills it, and a template of the same name.

To add one: write `sections/NAME.py` with a dataclass and a function that gives a `PageSection` or None, write
`templates/sections/NAME.html.j2`, and list the function in `report.py`.
"""
