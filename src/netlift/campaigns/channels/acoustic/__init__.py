"""Acoustic Campaign (Watson Campaign Automation, Silverpop Engage) as a channel: batches by SFTP and the XML API."""

from netlift.campaigns.channels.acoustic.channel import Acoustic

__all__ = ["Acoustic"]
