# Two tasks in public subnets, documents from a bucket, alarms to a topic.
terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.60"
    }
  }
}

provider "aws" {
  region = var.region
}

data "aws_caller_identity" "current" {}

module "sigwatch" {
  source = "../.."

  image            = var.image
  vpc_id           = var.vpc_id
  subnet_ids       = var.subnet_ids
  assign_public_ip = true
  log_group_arns   = ["arn:aws:logs:${var.region}:${data.aws_caller_identity.current.account_id}:log-group:/aws/lambda/*:*"]
  secrets          = { SLACK_BOT_TOKEN = var.slack_bot_token_arn }
  knowledge_bucket = var.knowledge_bucket
  alarm_topic_arns = [var.alarm_topic_arn]
}
