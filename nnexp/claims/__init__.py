"""Claims: what a sweep file states, parsed when the plan is made, judged when the runs are there.

In reading order: `parsing` (a claim), `revisions`, `checks`, `reading` (one of them), `quantities`, `curves`,
`places`, `answerable`; `sweep_runs`, `samples` (a quantity's value per seed), `findings`, `means`, `advice`,
`comparisons`, `optimum`, `looks`, `wording`, `verdicts` (judging); `undecided` (what needs more seeds);
`sweep_verdicts` (of a sweep in its folder).
"""
