"""The tab of results: kept counts, their reports and their corrections."""
