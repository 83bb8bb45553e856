import ArgumentParser
import CookbookLibrary
import Relier
import RelierCommand

/// The cookbook as one program: a worker, the operator's commands, the payment service and the demo.
@main struct Cookbook: RelierApp {
    static let name: String? = "cookbook"
    static let tasks: [any RelierTask.Type] = CookbookTasks.all
    static let commands: [any AsyncParsableCommand.Type] = CookbookTasks.commands
}
