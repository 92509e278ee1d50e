data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account      = data.aws_caller_identity.current.account_id
  partition    = data.aws_partition.current.partition
  region       = data.aws_region.current.id
  cluster_name = var.cluster_name == "" ? aws_ecs_cluster.this[0].name : var.cluster_name
  port         = 9464
  from_bucket  = var.knowledge_bucket != ""
}

resource "aws_ecs_cluster" "this" {
  count = var.cluster_name == "" ? 1 : 0
  name  = var.name
  tags  = var.tags
}

# The name keeps sigwatch from searching its own log: aws.ignore_log_groups holds *sigwatch*.
resource "aws_cloudwatch_log_group" "this" {
  name              = "/sigwatch/${var.name}"
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

resource "aws_dynamodb_table" "state" {
  name                        = var.name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  range_key                   = "sk"
  deletion_protection_enabled = var.deletion_protection
  tags                        = var.tags

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "sk"
    type = "S"
  }

  attribute {
    name = "wait"
    type = "S"
  }

  attribute {
    name = "wait_order"
    type = "S"
  }

  global_secondary_index {
    name            = "waiting"
    hash_key        = "wait"
    range_key       = "wait_order"
    projection_type = "ALL"
  }

  ttl {
    attribute_name = "expires"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled = true
  }
}

resource "aws_security_group" "this" {
  name        = var.name
  description = "sigwatch: out to AWS and to what it alerts, in from Prometheus alone"
  vpc_id      = var.vpc_id
  tags        = var.tags
}

resource "aws_vpc_security_group_egress_rule" "all" {
  security_group_id = aws_security_group.this.id
  description       = "AWS, Slack and other targets, which may be at any port"
  ip_protocol       = "-1"
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_vpc_security_group_ingress_rule" "prometheus" {
  count                        = length(var.prometheus_security_group_ids)
  security_group_id            = aws_security_group.this.id
  description                  = "Prometheus"
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
  referenced_security_group_id = var.prometheus_security_group_ids[count.index]
}

resource "aws_service_discovery_service" "this" {
  count = var.service_discovery == null ? 0 : 1
  name  = var.name
  tags  = var.tags

  dns_config {
    namespace_id = var.service_discovery.namespace_id

    dns_records {
      type = "A"
      ttl  = 15
    }
  }
}

resource "aws_ecs_service" "this" {
  name                               = var.name
  cluster                            = local.cluster_name
  task_definition                    = aws_ecs_task_definition.this.arn
  launch_type                        = "FARGATE"
  desired_count                      = var.desired_count
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  propagate_tags                     = "SERVICE"
  wait_for_steady_state              = var.wait_for_steady_state
  tags                               = var.tags

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [aws_security_group.this.id]
    assign_public_ip = var.assign_public_ip
  }

  dynamic "service_registries" {
    for_each = aws_service_discovery_service.this
    content {
      registry_arn = service_registries.value.arn
    }
  }

  # A task without its permissions would be counted as a failed deployment.
  depends_on = [aws_iam_role_policy.execution, aws_iam_role_policy.task, aws_vpc_security_group_egress_rule.all]
}
