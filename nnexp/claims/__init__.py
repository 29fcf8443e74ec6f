"""Claims: what a sweep file states, parsed when the plan is made, judged when the runs are there.

In reading order: `parsing` (a claim), `checks`, `quantities`, `curves`, `places` (what its check says);
`samples` (a quantity's value per seed), `comparisons`, `optimum`, `findings`, `verdicts` (judging);
`sweep_verdicts` (of a sweep in its folder).
"""
