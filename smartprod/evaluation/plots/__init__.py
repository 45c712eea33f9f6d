"""Charts of the report: matplotlib figures written as inline SVG whose colours follow the page's theme."""
