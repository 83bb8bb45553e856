import RelierCommand

await OperatorTool.main()
