"""Reports of mail servers, as Postfix, Exim and Exchange write them."""

from __future__ import annotations

BOUNCE_ADDRESS = "back@goodturn.example"

REPORT = """\
Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@mx.example.com>
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="BOUND"

This is a MIME-encapsulated message.

--BOUND
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered to <{address}>.

--BOUND
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com
X-Postfix-Queue-ID: 4C1
Arrival-Date: Sat,  1 May 2027 09:00:00 +0000 (UTC)

{recipients}
--BOUND
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

Return-Path: <{to}>
Subject: Tomorrow at 9:00
To: {address}

--BOUND--
"""
RECIPIENT = """\
Final-Recipient: rfc822; {address}
Original-Recipient: rfc822;{address}
Action: {action}
Status: {status}
Remote-MTA: dns; mx.example.com
Diagnostic-Code: smtp; {code} {status} <{address}>: Recipient address rejected
"""


def report(
    to: str,
    address: str,
    *,
    status: str = "5.1.1",
    action: str = "failed",
    others: tuple[str, ...] = (),
) -> bytes:
    """A mail server's report about a mail to an address, returned to its envelope sender.

    Args:
        others: Addresses that it names besides, before the address itself.
    """
    recipients = "\n".join(
        RECIPIENT.format(address=one, action=action, status=status, code=550)
        for one in (*others, address)
    )
    words = REPORT.format(to=to, address=address, recipients=recipients)
    return words.replace("\n", "\r\n").encode()
