namespace Ixy.Simulation;

public static partial class SimulatedCards
{
    /// <summary>
    /// Makes <see cref="NetworkDevice.Open(string, NetworkDeviceOptions?)"/> understand <c>sim:</c>. May be called
    /// again.
    /// </summary>
    public static void Register() => NetworkDevice.RegisterTransport(Prefix.TrimEnd(':'), Open);
}
