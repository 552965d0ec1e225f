namespace Ixy.Simulation;

public static partial class SimulatedCards
{
    /// <summary>Prefix of specifiers of simulated cards.</summary>
    public const string Prefix = "sim:";

    /// <summary>
    /// Makes <see cref="NetworkDevice.Open(string, NetworkDeviceOptions?)"/> accept <c>sim:</c>. May be called more
    /// than once.
    /// </summary>
    public static void Register() => NetworkDevice.RegisterTransport(Prefix.TrimEnd(':'), Open);
}
