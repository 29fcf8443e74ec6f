"""Records -> tables -> intervals -> CSV files and the table at the end. The only pandas import.

`tables` makes the frames, `csv` writes and reads them, `intervals` holds the statistics, `report` prints.
"""
