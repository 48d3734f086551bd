"""`python -m netlift.campaigns.testing`: the mail server, until the process is ended."""

from netlift.campaigns.testing.mail import main

main()
