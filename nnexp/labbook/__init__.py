"""The lab book: the page with every claim, and the published results that it rests on.

In reading order: `rows_file` (what its page lists), `sweep_files` (what the sweep files ask now),
`published_results` (what was published, and whether it still holds), `rows`, `page`, `publish`.
"""
