"""What goes wrong around the services as they ship: databases, disks, peers and processes that end."""
