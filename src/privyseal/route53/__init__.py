"""One name for many regions, at Amazon Route 53: what it takes, as values, and boto3 (the extra `aws`)."""
