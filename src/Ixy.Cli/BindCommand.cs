using System.CommandLine;
using System.Text.Json;
using Ixy.Cli.Output;
using Ixy.Setup;
using Ixy.Vfio;

namespace Ixy.Cli;

/// <summary>
/// <c>ixy bind ADDR</c> and <c>ixy unbind ADDR</c>: a card goes from the kernel to user space, and back.
/// </summary>
internal static class BindCommand
{
    internal static Command Create()
    {
        var address = CommonOptions.Address();
        var driver = CommonOptions.WithoutDefault<string>("--driver", "name", OperateTexts.Driver, text => text);
        driver.CompletionSources.Add(DriverBinding.VfioPci, DriverBinding.NoDriver);
        driver.DefaultValueFactory = _ => DriverBinding.VfioPci;
        var force = new Option<bool>("--force") { Description = OperateTexts.Force };
        var persist = new Option<bool>("--persist") { Description = OperateTexts.PersistBind };
        var json = CommonOptions.Json();
        var command = new Command("bind", OperateTexts.Bind) { address, driver, force, persist, json };
        command.SetAction(parsed =>
        {
            var card = parsed.GetValue(address);
            string wanted = parsed.GetValue(driver)!;
            var result = DriverBinding.Bind(card, wanted, parsed.GetValue(force));
            if (parsed.GetValue(persist)) DriverBinding.BindAtStartUp(card, wanted);
            Print(new(command.Name, card, result), parsed.GetValue(json));
        });
        return command;
    }

    internal static Command CreateUnbind()
    {
        var address = CommonOptions.Address();
        var force = new Option<bool>("--force") { Description = OperateTexts.Force };
        var persist = new Option<bool>("--persist") { Description = OperateTexts.PersistUnbind };
        var json = CommonOptions.Json();
        var command = new Command("unbind", OperateTexts.Unbind) { address, force, persist, json };
        command.SetAction(parsed =>
        {
            var card = parsed.GetValue(address);
            // First: it may be for a card that is in use, or no longer there.
            if (parsed.GetValue(persist)) DriverBinding.ForgetAtStartUp(card);
            Print(new(command.Name, card, DriverBinding.Unbind(card, parsed.GetValue(force))), parsed.GetValue(json));
        });
        return command;
    }

    private static void Print(Outcome outcome, bool json)
    {
        var (command, address, result) = outcome;
        foreach (string warning in result.Warnings) Console.Error.WriteLine($"ixy: {warning}");
        if (json) Console.Out.WriteLine(ToJson(outcome));
        else foreach (string line in Lines(command, address, result)) Console.Out.WriteLine(line);
        if (!json && outcome.AtStart is { } driver) Console.Out.WriteLine(AtStart(address, result.After, driver));
    }

    // What is bound otherwise now would come as a surprise.
    private static string AtStart(PciAddress address, string? now, string driver)
    {
        string what = driver == DriverBinding.NoDriver ? "no driver" : driver;
        return driver == (now ?? DriverBinding.NoDriver)
            ? $"so it will be after a restart; 'sudo ixy unbind {address} --persist' undoes both"
            : $"after a restart it is bound to {what} again; 'sudo ixy unbind {address} --persist' ends that";
    }

    private static IEnumerable<string> Lines(string command, PciAddress address, DriverBindingResult result)
    {
        if (result.LoadedModules.Count > 0)
            yield return $"loaded into the kernel: {string.Join(", ", result.LoadedModules)}";
        string after = result.After ?? "no driver", before = result.Before ?? "no driver";
        yield return result.Changed ? $"{address} is bound to {after} now, before to {before}"
            : $"{address} is bound to {after}, as it was";
        if (!result.Changed || command != "bind") yield break;
        if (result is { After: DriverBinding.VfioPci, IommuGroup: { } group })
            yield return $"'sudo chown $USER /dev/vfio/{group}' lets you drive it without root";
        yield return $"'sudo ixy unbind {address}' gives it back to {before}";
    }

    private static string ToJson(Outcome outcome) => JsonSerializer.Serialize(
        new(outcome.Command, $"{outcome.Address}", outcome.Result.Before, outcome.Result.After, outcome.Result.Changed,
            outcome.AtStart, outcome.Result.IommuGroup, outcome.Result.LoadedModules, outcome.Result.Warnings),
        OperateJsonContext.Default.BindingJson);

    private sealed record Outcome(string Command, PciAddress Address, DriverBindingResult Result)
    {
        // Its driver at the start of the machine.
        internal string? AtStart { get; } = DriverBinding.FindAtStartUp(Address);
    }
}
