"""The answer of a sweep: `answer` puts it together, `terminal`, `markdown` and `verdicts` show it."""
