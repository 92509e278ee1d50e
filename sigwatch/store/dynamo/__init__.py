"""State in one DynamoDB table, shared by any number of replicas."""
