"""The answer of a sweep as plain data, and what shows it.

In reading order: `answer` (the data), `build` (made of results), with `evidence`, `table` and `effects`;
`terminal` and `markdown` show it, each a function of the data.
"""
