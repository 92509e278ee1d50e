locals {
  log_options = {
    awslogs-group  = aws_cloudwatch_log_group.this.name
    awslogs-region = local.region
    # Detection must not wait for its own log. What does not fit into the buffer is lost.
    mode            = "non-blocking"
    max-buffer-size = "25m"
  }

  sigwatch = {
    name                   = "sigwatch"
    image                  = var.image
    essential              = true
    command                = ["run", "-c", "/etc/sigwatch/sigwatch.yaml"]
    user                   = "10001:10001"
    readonlyRootFilesystem = true
    # SIGTERM drains within this time. Fargate refuses more than 120.
    stopTimeout     = 60
    environment     = [{ name = "AWS_DEFAULT_REGION", value = local.region }]
    secrets         = [for name in sort(keys(var.secrets)) : { name = name, valueFrom = var.secrets[name] }]
    portMappings    = [{ containerPort = local.port, hostPort = local.port, protocol = "tcp" }]
    linuxParameters = { initProcessEnabled = true, capabilities = { add = [], drop = ["ALL"] } }
    healthCheck = {
      command     = ["CMD", "sigwatch", "healthcheck"]
      interval    = 30
      timeout     = 10
      retries     = 3
      startPeriod = 60
    }
    logConfiguration = {
      logDriver = "awslogs"
      options   = merge(local.log_options, { awslogs-stream-prefix = "sigwatch" })
    }
    mountPoints = concat(
      [{ sourceVolume = "tmp", containerPath = "/tmp", readOnly = false }],
      local.from_bucket ? [{ sourceVolume = "knowledge", containerPath = "/etc/sigwatch", readOnly = true }] : [],
    )
    volumesFrom    = []
    systemControls = []
    dependsOn      = local.from_bucket ? [{ containerName = "knowledge", condition = "HEALTHY" }] : []
  }

  # It runs as root because a fresh volume belongs to root, without any capability and with nothing else to write to.
  knowledge = {
    name       = "knowledge"
    image      = var.sync_image
    essential  = false
    entryPoint = ["/bin/sh", "-c"]
    command = [join(" ", [
      "trap 'exit 0' TERM;",
      "while :; do",
      "aws s3 sync \"$SOURCE\" /knowledge --delete --exact-timestamps --only-show-errors && touch /tmp/fetched;",
      "sleep 60 & wait $!;",
      "done",
    ])]
    readonlyRootFilesystem = true
    stopTimeout            = 10
    restartPolicy          = { enabled = true, ignoredExitCodes = [], restartAttemptPeriod = 60 }
    environment = [
      { name = "AWS_DEFAULT_REGION", value = local.region },
      { name = "HOME", value = "/tmp" },
      { name = "SOURCE", value = "s3://${var.knowledge_bucket}/${var.knowledge_prefix}" },
    ]
    linuxParameters = { initProcessEnabled = true, capabilities = { add = [], drop = ["ALL"] } }
    healthCheck = {
      command     = ["CMD", "test", "-f", "/tmp/fetched"]
      interval    = 5
      timeout     = 5
      retries     = 10
      startPeriod = 60
    }
    logConfiguration = {
      logDriver = "awslogs"
      options   = merge(local.log_options, { awslogs-stream-prefix = "knowledge" })
    }
    mountPoints = [
      { sourceVolume = "knowledge", containerPath = "/knowledge", readOnly = false },
      { sourceVolume = "knowledge-tmp", containerPath = "/tmp", readOnly = false },
    ]
    portMappings   = []
    volumesFrom    = []
    systemControls = []
  }
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn
  container_definitions    = jsonencode(concat([local.sigwatch], local.from_bucket ? [local.knowledge] : []))
  tags                     = var.tags

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }

  dynamic "volume" {
    for_each = local.from_bucket ? ["tmp", "knowledge", "knowledge-tmp"] : ["tmp"]
    content {
      name = volume.value
    }
  }
}
