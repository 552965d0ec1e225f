namespace Ixy.Simulation;

public static partial class SimulatedCards
{
    /// <summary>
    /// Makes <see cref="NetworkDevice.Open(string, NetworkDeviceOptions?)"/> accept <c>sim:</c>. May be called more
    /// than once.
    /// </summary>
    public static void Register() => NetworkDevice.RegisterTransport(Prefix.TrimEnd(':'), Open);
}
