variable "region" {
  description = "Region that is watched, and in which sigwatch runs."
  type        = string
  default     = "us-east-1"
}

variable "image" {
  description = "Image of sigwatch."
  type        = string
}

variable "vpc_id" {
  description = "VPC of the subnets."
  type        = string
}

variable "subnet_ids" {
  description = "Public subnets."
  type        = list(string)
}

variable "slack_bot_token_arn" {
  description = "Secret that holds the bot's token."
  type        = string
}

variable "knowledge_bucket" {
  description = "Bucket with sigwatch/sigwatch.yaml and the documents."
  type        = string
}

variable "alarm_topic_arn" {
  description = "Topic that hears when sigwatch is absent."
  type        = string
}
