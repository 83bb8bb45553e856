import FaultFixtures
import Relier
import RelierCommand

/// The program whose worker processes the fault tests end. Its tasks are a library, since a test cannot count on an executable's module being built first.
@main struct Fixture: RelierApp {
    static let tasks: [any RelierTask.Type] = FixtureTasks.all
}
