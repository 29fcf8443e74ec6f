"""Records -> tables -> intervals -> verdicts -> the answer, its files, its pictures. The only pandas import.

In reading order: `tables` (the frames), `csv` (their files), `intervals` (the statistics), `claims` (the
verdicts), `report`, `fitting` and `verdict_page` (what is printed), `answer` (all of it, of one sweep),
`plots` and `pictures` (drawn, and as files), `loaded` (a sweep in a notebook).
"""
