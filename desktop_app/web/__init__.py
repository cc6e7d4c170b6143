"""The page, the upload form and the API over HTTP: `headcount serve`, and what a phone shows of a count. No Qt."""
