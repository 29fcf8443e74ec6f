"""Records -> frames -> CSV files, and back. The only pandas import below the report.

Read `tables` (the frames), then `write_csv` and `read_csv` (their files).
"""
