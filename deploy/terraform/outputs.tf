output "cluster_name" {
  description = "Cluster that the service runs in."
  value       = local.cluster_name
}

output "service_name" {
  description = "Name of the ECS service."
  value       = aws_ecs_service.this.name
}

output "task_definition_arn" {
  description = "Task definition of this revision."
  value       = aws_ecs_task_definition.this.arn
}

output "store" {
  description = "What the configuration says under `store`."
  value       = "dynamodb://${aws_dynamodb_table.state.name}"
}

output "table_name" {
  description = "Name of the table."
  value       = aws_dynamodb_table.state.name
}

output "task_role_arn" {
  description = "Role that the reader roles of other accounts must trust."
  value       = aws_iam_role.task.arn
}

output "execution_role_arn" {
  description = "Role with which ECS starts the tasks."
  value       = aws_iam_role.execution.arn
}

output "log_group_name" {
  description = "The service's own log."
  value       = aws_cloudwatch_log_group.this.name
}

output "security_group_id" {
  description = "Security group of the tasks."
  value       = aws_security_group.this.id
}
