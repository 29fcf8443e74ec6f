"""The lab book: the page with every claim, and the published results that it rests on.

In reading order: `rows_file` (what its page lists), `sweep_files` (what the sweep files ask now),
`published_results` (what was published, and whether it still holds), `claims_of_files` (what it is asked),
`rows`, `page`, `shipped_page` (that of an installed package), `publish`.
"""
