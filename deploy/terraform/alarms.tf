# What watches for absence must not be sigwatch itself. All three use metrics that AWS keeps without charge.
locals {
  # How many topics there are is known before they exist.
  alarms = length(var.alarm_topic_arns) == 0 ? 0 : 1
}

# Each running task reports its CPU once a minute, so the samples are the tasks; no task, no metric.
resource "aws_cloudwatch_metric_alarm" "absent" {
  count               = local.alarms
  alarm_name          = "${var.name}-absent"
  alarm_description   = "No task of sigwatch has run for five minutes: known incidents go unnoticed."
  namespace           = "AWS/ECS"
  metric_name         = "CPUUtilization"
  dimensions          = { ClusterName = local.cluster_name, ServiceName = aws_ecs_service.this.name }
  statistic           = "SampleCount"
  period              = 60
  evaluation_periods  = 5
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags
}

# Whatever a daemon does ends in a write: tasks that run and write nothing do nothing.
resource "aws_cloudwatch_metric_alarm" "silent" {
  count               = local.alarms
  alarm_name          = "${var.name}-silent"
  alarm_description   = "sigwatch has recorded nothing for fifteen minutes: it runs without working, or not at all."
  namespace           = "AWS/DynamoDB"
  metric_name         = "ConsumedWriteCapacityUnits"
  dimensions          = { TableName = aws_dynamodb_table.state.name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 3
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "throttled" {
  count               = local.alarms
  alarm_name          = "${var.name}-throttled"
  alarm_description   = "DynamoDB refuses writes of sigwatch's state for fifteen minutes: alerts are late."
  namespace           = "AWS/DynamoDB"
  metric_name         = "WriteThrottleEvents"
  dimensions          = { TableName = aws_dynamodb_table.state.name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags
}
