variable "name" {
  description = "Name of the service, its roles, its alarms and its table; configure the state as dynamodb://NAME."
  type        = string
  default     = "sigwatch"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,31}$", var.name))
    error_message = "The name is 3 to 32 small letters, digits and dashes, and begins with a letter."
  }
}

variable "image" {
  description = "Image with its tag or digest, for the architecture below."
  type        = string
}

variable "ecr_repository_arn" {
  description = "ARN of the ECR repository that the image is pulled from; empty for a public image."
  type        = string
  default     = ""
}

variable "cpu_architecture" {
  description = "ARM64 or X86_64; ARM64 is cheaper."
  type        = string
  default     = "ARM64"

  validation {
    condition     = contains(["ARM64", "X86_64"], var.cpu_architecture)
    error_message = "The architecture is ARM64 or X86_64."
  }
}

variable "cpu" {
  description = "CPU units of a task; 1024 are one core."
  type        = number
  default     = 512
}

variable "memory" {
  description = "MiB of memory of a task; Fargate allows certain pairs with the CPU units."
  type        = number
  default     = 1024
}

variable "desired_count" {
  description = "Tasks that run; they share the work through leases in the table."
  type        = number
  default     = 2
}

variable "cluster_name" {
  description = "Name of an ECS cluster to run in; empty to make one."
  type        = string
  default     = ""
}

variable "vpc_id" {
  description = "VPC of the subnets."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets from which AWS and the targets, such as Slack, can be reached; two for two availability zones."
  type        = list(string)
}

variable "assign_public_ip" {
  description = "True where the subnets are public and have no NAT gateway."
  type        = bool
  default     = false
}

variable "log_group_arns" {
  description = "Log groups that are searched, as arn:aws:logs:REGION:ACCOUNT:log-group:PREFIX*:*"
  type        = list(string)

  validation {
    condition = length(var.log_group_arns) > 0 && alltrue([
      for arn in var.log_group_arns : can(regex("^arn:[a-z-]+:logs:[^:]+:[^:]+:log-group:[^:]+:\\*$", arn))
    ])
    error_message = "Name at least one, each as arn:aws:logs:REGION:ACCOUNT:log-group:PREFIX*:* and ending in :*"
  }
}

variable "reader_role_arns" {
  description = "Roles of other accounts that aws.accounts of the configuration names."
  type        = list(string)
  default     = []
}

variable "secrets" {
  description = "Environment variable to the ARN of its secret (Secrets Manager) or parameter (SSM), such as SLACK_BOT_TOKEN."
  type        = map(string)
  default     = {}

  validation {
    condition = alltrue([
      for name, arn in var.secrets :
      can(regex("^[A-Z_]+$", name)) && can(regex("^arn:[a-z-]+:(secretsmanager|ssm):", arn))
    ])
    error_message = "Each secret is a variable's name and an ARN of Secrets Manager or SSM."
  }
}

variable "secrets_kms_key_arn" {
  description = "Your own key that the secrets are encrypted with; empty for AWS's keys."
  type        = string
  default     = ""
}

variable "knowledge_bucket" {
  description = "Bucket that sigwatch.yaml and the documents are fetched from; empty where the image holds them."
  type        = string
  default     = ""
}

variable "knowledge_prefix" {
  description = "Folder in the bucket, without slashes around it."
  type        = string
  default     = "sigwatch"
}

variable "sync_image" {
  description = "Image with the AWS CLI and a shell, for the container that fetches from the bucket."
  type        = string
  default     = "public.ecr.aws/aws-cli/aws-cli:2.27.0"
}

variable "log_retention_days" {
  description = "Days that the service's own log is kept."
  type        = number
  default     = 30
}

variable "deletion_protection" {
  description = "Whether the table refuses to be deleted."
  type        = bool
  default     = true
}

variable "alarm_topic_arns" {
  description = "SNS topics that hear of a service that is absent, silent or throttled; none for no alarms."
  type        = list(string)
  default     = []
}

variable "prometheus_security_group_ids" {
  description = "Security groups that may scrape port 9464; none for no way in."
  type        = list(string)
  default     = []
}

variable "service_discovery" {
  description = "Private DNS namespace of Cloud Map in which NAME resolves to the tasks."
  type        = object({ namespace_id = string })
  default     = null
}

variable "wait_for_steady_state" {
  description = "Whether apply waits until the deployment has ended, and fails where it was rolled back."
  type        = bool
  default     = true
}

variable "tags" {
  description = "Tags of everything."
  type        = map(string)
  default     = {}
}
