"""The answer of a sweep as one HTML file that needs nothing else: `nnexp report`.

In reading order: `content` (what a page shows, plain data), `charts`, `images`, `run_table`, `origin`,
`sweep_file` (made of results), `strips` (of verdicts), `numbers`, `build` (puts them together), `labbook`,
`render` (Jinja's templates in `files/`, Plotly's script).

Every figure is that of the table, the pictures and the CSV files: nothing is computed a second time here.

Plotly draws, in the reader's browser: its script is a file of the Python package and is copied into the page;
the package itself is never imported, so that a report costs no start-up. Bokeh's script is a quarter as large
(1.3 MB, not 4.8), but it paints on a canvas, where print is blurred and a screen reader finds nothing, its
package takes 2 s to import, and a scale that turns logarithmic takes a second plot. The price is the size of
the file, and 70 MB on disk: so it is an extra.
"""
