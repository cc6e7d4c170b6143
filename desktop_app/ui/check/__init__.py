"""The check by eye: the operator looks at some people, and the count states its own error."""
