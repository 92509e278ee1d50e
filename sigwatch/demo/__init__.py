"""The main job on a stage: real daemon, embedded Logs Insights, an incident that the starter library knows."""
