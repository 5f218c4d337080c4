"""The AWS wire: signed calls in, typed requests to a handler, answers that AWS's own clients read."""
