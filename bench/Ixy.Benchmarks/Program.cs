using Ixy.Benchmarks;

switch (args)
{
    case ["driver"]:
        DriverBenchmark.Run(Console.Out);
        return 0;
    default:
        Console.Error.WriteLine("""
            usage: Ixy.Benchmarks driver

              driver   what the ixgbe driver alone costs per forwarded packet, for batches of 1 to 256
            """);
        return args is ["--help"] or ["-h"] ? 0 : 2;
}
