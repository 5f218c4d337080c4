"""AWS IoT Core through boto3 (the extra `aws`): what its issuer, its registrar and `register-ca` share."""
