# Only tasks of this account and region may take the roles on: a service of AWS that acts for somebody else may not.
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:ecs:${local.region}:${local.account}:*"]
    }
  }
}

resource "aws_iam_role" "execution" {
  name               = "${var.name}-execution"
  description        = "What ECS needs to start sigwatch: its image, its secrets, its own log"
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "execution" {
  name   = "sigwatch"
  role   = aws_iam_role.execution.id
  policy = data.aws_iam_policy_document.execution.json
}

data "aws_iam_policy_document" "execution" {
  statement {
    sid       = "OwnLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this.arn}:*"]
  }

  dynamic "statement" {
    for_each = var.ecr_repository_arn == "" ? [] : [var.ecr_repository_arn]
    content {
      sid       = "Image"
      actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      resources = [statement.value]
    }
  }

  dynamic "statement" {
    for_each = var.ecr_repository_arn == "" ? [] : ["*"]
    content {
      sid       = "Registry"
      actions   = ["ecr:GetAuthorizationToken"]
      resources = [statement.value]
    }
  }

  # Either action means nothing on an ARN of the other service. An ARN may go on with a key inside the secret.
  dynamic "statement" {
    for_each = length(var.secrets) == 0 ? [] : [values(var.secrets)]
    content {
      sid       = "Secrets"
      actions   = ["secretsmanager:GetSecretValue", "ssm:GetParameters"]
      resources = [for arn in statement.value : join(":", slice(split(":", arn), 0, min(7, length(split(":", arn)))))]
    }
  }

  dynamic "statement" {
    for_each = var.secrets_kms_key_arn == "" ? [] : [var.secrets_kms_key_arn]
    content {
      sid       = "SecretsKey"
      actions   = ["kms:Decrypt"]
      resources = [statement.value]
    }
  }
}

resource "aws_iam_role" "task" {
  name               = "${var.name}-task"
  description        = "What sigwatch itself calls"
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "task" {
  name   = "sigwatch"
  role   = aws_iam_role.task.id
  policy = data.aws_iam_policy_document.task.json
}

data "aws_iam_policy_document" "task" {
  statement {
    sid       = "Search"
    actions   = ["logs:GetLogRecord", "logs:GetQueryResults", "logs:StartQuery"]
    resources = var.log_group_arns
  }

  # None of these can be limited to a log group; GetMetricData tells what a backfill would cost.
  statement {
    sid       = "Account"
    actions   = ["cloudwatch:GetMetricData", "logs:DescribeLogGroups", "logs:DescribeQueries", "logs:StopQuery"]
    resources = ["*"]
  }

  # TransactWriteItems and TransactGetItems are allowed through the actions on the items in them.
  statement {
    sid = "State"
    actions = [
      "dynamodb:BatchGetItem",
      "dynamodb:ConditionCheckItem",
      "dynamodb:DeleteItem",
      "dynamodb:DescribeTable",
      "dynamodb:PutItem",
      "dynamodb:Query",
    ]
    resources = [aws_dynamodb_table.state.arn, "${aws_dynamodb_table.state.arn}/index/waiting"]
  }

  dynamic "statement" {
    for_each = length(var.reader_role_arns) == 0 ? [] : [var.reader_role_arns]
    content {
      sid       = "OtherAccounts"
      actions   = ["sts:AssumeRole"]
      resources = statement.value
    }
  }

  dynamic "statement" {
    for_each = local.from_bucket ? ["arn:${local.partition}:s3:::${var.knowledge_bucket}"] : []
    content {
      sid       = "KnowledgeObjects"
      actions   = ["s3:GetObject"]
      resources = ["${statement.value}/${var.knowledge_prefix}/*"]
    }
  }

  dynamic "statement" {
    for_each = local.from_bucket ? ["arn:${local.partition}:s3:::${var.knowledge_bucket}"] : []
    content {
      sid       = "KnowledgeList"
      actions   = ["s3:ListBucket"]
      resources = [statement.value]

      condition {
        test     = "StringLike"
        variable = "s3:prefix"
        values   = ["${var.knowledge_prefix}/*"]
      }
    }
  }
}
