"""Plan, push, render and record deployments: git holds the configuration, and only differences are deployed."""
