"""Logs of many containers: followed across every fault, merged by time, kept in a bounded buffer."""
