// Simulated cards run on one device thread that wants a core of its own, and the machine has two.
[assembly: Xunit.CollectionBehavior(DisableTestParallelization = true)]

// User-space drivers are, here, a matter of Linux.
[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]
