"""What serverless-ca does: its JSON request, its GitOps entries, its notices."""
