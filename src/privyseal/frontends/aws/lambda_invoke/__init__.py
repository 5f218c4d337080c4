"""AWS Lambda as far as serverless-ca's clients need it: list functions, look at one, invoke it.

The protocol is rest-json. What a function does is in `privyseal.serverless`.
"""

from privyseal.frontends.aws.lambda_invoke.front import LambdaFrontend

__all__ = ["LambdaFrontend"]
