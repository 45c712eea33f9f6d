"""Charts of the report: Bokeh figures that the page draws in its own colours."""
