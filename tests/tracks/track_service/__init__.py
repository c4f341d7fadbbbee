"""A service on the track `previous_minor`, which no command pushes or deploys."""
