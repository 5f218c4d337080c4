"""What AWS documents for exporting renewed certificates of a private PKI: the handler and the pattern.

AWS Certificate Manager user guide, "Renewing certificates in a private PKI", "Automating export of renewed
certificates". The words of the code are the document's own; only its line breaks are put back.
"""

HANDLER = r"""
import json
import boto3
acm = boto3.client('acm')
passphrase = b'\x01\x02\x03\x04\x05\x06\x07\x08\x09\x00'
def lambda_handler(event, context):
    context.log("Incoming Event : " + json.dumps(event) + "\n");
    certificateArn = event['resources'][0];
    context.log("Renewed Certificate ARN : " + certificateArn + "\n");
    description = event['detail']['eventDescription'][0]['latestDescription'];
    if "completed the renewal" in description:
        response = acm.export_certificate(CertificateArn=certificateArn,Passphrase=passphrase)
        certificate = response['Certificate']
        certificateChain = response['CertificateChain']
        encrPrivateKey = response['PrivateKey']
        context.log("Certificate : " + certificate + "\n");
        context.log("Certificate Chain : " + certificateChain + "\n");
        context.log("Encrypted Private Key : " + encrPrivateKey + "\n");
        #TODO Install the private key, cert and chain to where it will be consumed
    return {
        'statusCode': 200,
    }
"""

# What somebody would put in the place of the TODO.
TODO = "        #TODO Install the private key, cert and chain to where it will be consumed\n"
INSTALLING = HANDLER.replace(
    TODO,
    """\
        import os
        folder = os.environ["INSTALL_IN"]
        files = {"key": encrPrivateKey, "chain": certificateChain, "certificate": certificate}
        for name, text in files.items():
            with open(os.path.join(folder, name + ".new"), "w") as file:
                file.write(text)
            os.replace(os.path.join(folder, name + ".new"), os.path.join(folder, name))
""",
)
PASSPHRASE = bytes([1, 2, 3, 4, 5, 6, 7, 8, 9, 0])

# ARN stands for the document's "arn:aws:acm:region:account:certificate/certificate_ID".
PATTERN = """
{
  "source":[ "aws.health" ],
  "detail-type":[ "AWS Health Event" ],
  "detail":{
    "service":[ "ACM" ],
    "eventTypeCategory":[ "scheduledChange" ],
    "eventTypeCode":[ "AWS_ACM_RENEWAL_STATE_CHANGE" ]
  },
  "resources":[ "ARN" ]
}
"""
