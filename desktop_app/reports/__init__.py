"""From the log of a session to tables, charts and files that can be handed on. No Qt.

`report.build_report` reads everything once; the writers (`csv_file`, `xlsx_file`, `json_file`, `pdf_file`, `charts`)
only put it down.
"""
