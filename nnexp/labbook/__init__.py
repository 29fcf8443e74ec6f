"""The lab book: published results, the rows of its page, and what is judged anew."""
